// takes-signals NAME [END [STATUS [LINGER]]]
//
// Says "NAME is ready, blocked MASK, ignored MASK" of what it was started with, then "NAME takes N from PID, COUNT
// in all" for every signal that arrives: no handler merges them, and none can kill it. Signal END (TERM) ends it with
// STATUS (0), LINGER milliseconds later, which it says as "NAME ends". A second without one is "NAME hears nothing
// after COUNT". The kernel's own calls, because the C library's leave out the two real-time signals that it uses itself.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int64_t NEVER = INT64_MAX;
static const uint64_t ALL = UINT64_MAX;
static char blocked[32], ignored[32];

static void see_how_started(void) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "SigBlk: %31s", blocked);
        sscanf(line, "SigIgn: %31s", ignored);
    }
    if (status) fclose(status);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// The next signal, or 0 when that time has come.
static int next(siginfo_t *info, int64_t until) {
    for (;;) {
        int64_t left = until > now() ? until - now() : 0;
        const struct timespec limit = {left / 1000, left % 1000 * 1000000};
        int number = syscall(SYS_rt_sigtimedwait, &ALL, info, until == NEVER ? NULL : &limit, sizeof ALL);
        if (number > 0) return number;
        // Stopped and continued, it is interrupted.
        if (errno == EAGAIN && now() >= until) return 0;
    }
}

int main(int count, char **words) {
    const char *name = count > 1 ? words[1] : "fake";
    int end = count > 2 ? atoi(words[2]) : SIGTERM;
    int status = count > 3 ? atoi(words[3]) : 0;
    int64_t linger = count > 4 ? atol(words[4]) : 0, ends = NEVER, silence = now() + 1000;
    int taken = 0;

    see_how_started();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &ALL, NULL, sizeof ALL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s is ready, blocked %s, ignored %s\n", name, blocked, ignored);
    for (;;) {
        siginfo_t info;
        int number = next(&info, ends < silence ? ends : silence);
        if (number > 0) {
            printf("%s takes %d from %d, %d in all\n", name, number, (int)info.si_pid, ++taken);
            silence = now() + 1000;
            if (number == end && ends == NEVER) ends = now() + linger;
        } else if (now() >= ends) {
            printf("%s ends\n", name);
            return status;
        } else {
            printf("%s hears nothing after %d\n", name, taken);
            silence = NEVER;
        }
    }
}
