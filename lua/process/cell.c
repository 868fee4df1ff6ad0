#include "lua/process/cell.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

/* What the sanitizers shadow does not fit into any limit. */
#if defined(__SANITIZE_ADDRESS__)
enum { HAS_SHADOW = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { HAS_SHADOW = 1 };
#else
enum { HAS_SHADOW = 0 };
#endif
#else
enum { HAS_SHADOW = 0 };
#endif

#if defined(__x86_64__)
#define MACHINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE_ARCH AUDIT_ARCH_AARCH64
#else
#define MACHINE_ARCH 0 /* no filter there */
#endif

enum { MEMORY_MAX_BYTES = 128 * 1024 * 1024 };

static void limit(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit both = { most, most };
    setrlimit(resource, &both); /* a lower one than ours may stand already */
}

static void set_limits(void)
{
    if (!HAS_SHADOW)
        limit(RLIMIT_AS, MEMORY_MAX_BYTES);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_NOFILE, 4);
    limit(RLIMIT_NPROC, 0);
    limit(RLIMIT_MEMLOCK, 0);
    limit(RLIMIT_MSGQUEUE, 0);
}

/* -- the filter: what is not listed fails as not permitted -- */

#define LOAD(member)                                                           \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(word) BPF_STMT(BPF_RET | BPF_K, (word))
#define REFUSED (SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA))
#define ALLOW(name)                                                            \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                     \
        ANSWER(SECCOMP_RET_ALLOW)
/* The low half of the third argument says what the memory may do. */
#define ALLOW_DATA(name)                                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(args[2]),      \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),                 \
        ANSWER(REFUSED), ANSWER(SECCOMP_RET_ALLOW)

static bool filter_calls(void)
{
    struct sock_filter rows[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE_ARCH, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read),
        ALLOW(write),
        ALLOW(recvfrom),
        ALLOW(sendto),
        ALLOW(futex),
        ALLOW(brk),
        ALLOW_DATA(mmap),
        ALLOW_DATA(mprotect),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(clock_gettime),
        ALLOW(gettimeofday),
        ALLOW(getrandom),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(sched_yield),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigaction),
        ALLOW(rt_sigreturn),
        ALLOW(sigaltstack),
        ALLOW(tgkill), /* abort() of itself */
        ALLOW(restart_syscall),
        ALLOW(exit),
        ALLOW(exit_group),
        ANSWER(REFUSED),
    };
    struct sock_fprog program = { sizeof(rows) / sizeof(rows[0]), rows };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool cell_close(void)
{
    tzset(); /* reads a file */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    set_limits();
    return filter_calls();
}
