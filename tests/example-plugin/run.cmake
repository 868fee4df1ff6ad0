# Install into an empty prefix, then build, test and load plugins from there as
# somebody would who has nothing else of spoold.
cmake_minimum_required(VERSION 3.25)

set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status
                  OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${said}")
  endif()
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(check_contains TEXT PART)
  string(FIND "${TEXT}" "${PART}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "\"${PART}\" is not in:\n${TEXT}")
  endif()
endfunction()

# With sanitizers the plugin gets the server's flags, or nothing would load.
set(flags "-Wall -Wextra -Werror")
if(SANITIZE)
  string(APPEND flags " -fsanitize=${SANITIZE}")
endif()

function(build_plugin NAME FOLDER)
  run(${CMAKE_COMMAND} -S ${FOLDER} -B ${WORK}/${NAME}
      -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_INSTALL_PREFIX=${prefix}
      -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_C_FLAGS=${flags})
  run(${CMAKE_COMMAND} --build ${WORK}/${NAME})
endfunction()

function(check_plugin NAME)
  run(${prefix}/${BINDIR}/spoold --check-plugin
      ${WORK}/${NAME}/plugins/${NAME}.so --data ${WORK}/data)
  check_contains("${said}" "it started")
  check_contains("${said}" "it stopped")
  run(${CMAKE_COMMAND} --install ${WORK}/${NAME})
  if(NOT EXISTS ${prefix}/${LIBDIR}/spoold/plugins/${NAME}.so)
    message(FATAL_ERROR "${NAME} was not installed beside our own")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
foreach(file ${BINDIR}/spoold include/spoold/plugin.h include/spoold/testhost.h
             ${LIBDIR}/libspoold_testhost.a ${LIBDIR}/pkgconfig/spoold.pc
             ${LIBDIR}/spoold/plugins/scheduler-priority.so
             ${LIBDIR}/cmake/Spoold/SpooldConfig.cmake)
  if(NOT EXISTS ${prefix}/${file})
    message(FATAL_ERROR "not installed: ${file}")
  endif()
endforeach()

build_plugin(doorbell ${SOURCE}/tests/example-plugin/doorbell)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/doorbell --output-on-failure)
check_plugin(doorbell)

# -- what plugins/README.md shows --

file(READ ${SOURCE}/plugins/README.md readme)
# A list separates its members with semicolons.
string(REPLACE ";" "<semicolon>" readme "${readme}")

function(write_block LEAD FILE)
  string(FIND "${readme}" "```${LEAD}\n" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "plugins/README.md shows no ${LEAD} block")
  endif()
  string(LENGTH "```${LEAD}\n" lead_length)
  math(EXPR begin "${begin} + ${lead_length}")
  string(SUBSTRING "${readme}" ${begin} -1 rest)
  string(FIND "${rest}" "\n```" end)
  string(SUBSTRING "${rest}" 0 ${end} block)
  string(REPLACE "<semicolon>" ";" block "${block}")
  file(WRITE ${FILE} "${block}\n")
endfunction()

set(shown ${WORK}/readme)
write_block("cmake" ${shown}/CMakeLists.txt)
write_block("c" ${shown}/doorbell.c)
write_block("c settings" ${shown}/settings.c)
file(APPEND ${shown}/CMakeLists.txt
     "spoold_add_plugin(settings SOURCES settings.c)\n")
file(REMOVE_RECURSE ${WORK}/doorbell)
build_plugin(doorbell ${shown})
check_plugin(doorbell)

# -- the installed server finds what was installed --

run(${prefix}/${BINDIR}/spoold --list-plugins)
check_contains("${said}" "doorbell 1.0")
check_contains("${said}" "scheduler-priority")
