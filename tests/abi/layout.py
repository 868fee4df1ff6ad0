#!/usr/bin/env python3
"""Write test_layout.c: where every public member lies, as static asserts.

Run it by hand when a member was added at the end of a struct, and read the
difference: lines may only be added.

    tests/abi/layout.py include/spoold/plugin.h > tests/abi/test_layout.c
"""
import re
import subprocess
import sys
import tempfile

STRUCT = re.compile(r"^struct (\w+) \{[^\n]*\n(.*?)^\};|"
                    r"^typedef struct (\w+) \{\n(.*?)^\} \w+;", re.M | re.S)


def members(body):
    """The names declared in a struct's body, in order."""
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    body = re.sub(r"SPD_PRINTF\([^)]*\)", "", body)
    depth, declaration, found = 0, "", []
    for char in body:
        depth += (char == "(") - (char == ")")
        if char == ";" and depth == 0:
            found += names(declaration)
            declaration = ""
        else:
            declaration += char
    return found


def names(declaration):
    pointer = re.match(r"[^(]*\(\*\s*(\w+)\)\(", declaration.strip(), re.S)
    if pointer:
        return [pointer.group(1)]
    first = re.sub(r"\[.*?\]", "", declaration).strip()
    return [re.findall(r"\w+", part)[-1] for part in first.split(",")]


def structs(header):
    for match in STRUCT.finditer(header):
        name = match.group(1) or match.group(3)
        yield name, members(match.group(2) or match.group(4))


def layout(path):
    """The asserts' lines, with numbers from the compiler."""
    with open(path, encoding="utf-8") as file:
        rows = list(structs(file.read()))
    program = '#include <stdio.h>\n#include "%s"\nint main(void)\n{\n' % path
    for name, fields in rows:
        program += 'printf("SIZE(%s, %%zu)\\n", sizeof(struct %s));\n' % (
            name, name)
        for field in fields:
            program += ('printf("AT(%s, %s, %%zu)\\n", '
                        "offsetof(struct %s, %s));\n"
                        % (name, field, name, field))
    program += "return 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-std=c11", "-xc", "-", "-o", folder + "/a"],
                       input=program.encode(), check=True)
        said = subprocess.run([folder + "/a"], capture_output=True, check=True)
    return said.stdout.decode().replace(")\n", ");\n")


print("""/* Where every member of the ABI lies on a 64-bit machine.  Made by layout.py;
 * lines may be added, never changed: plugins in the field were built with them.
 * Sizes are those of today: a struct may grow at its end. */
#include <spoold/plugin.h>

#define AT(type, member, offset)                                               \\
    static_assert(offsetof(struct type, member) == (offset),                   \\
                  #type "." #member " has moved")
#define SIZE(type, size)                                                       \\
    static_assert(sizeof(struct type) == (size), "the size of " #type)

/* clang-format off */
""")
print(layout(sys.argv[1]).rstrip())
print("""
int main(void)
{
    return 0; /* it compiled */
}""")
