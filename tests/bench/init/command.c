// The commands that give an init work, and report nanoseconds on standard output, as eight bytes:
//     command signals     for each USR1, when it arrived (and a zero beforehand, when it is ready)
//     command orphans N   how long N orphans took, made one after the other, until the last was reaped
//     command burst N     how long it took until N zombies, orphaned at once, were reaped
// Whatever goes wrong ends it without a report. No child forks in a loop, so a failure cannot become a storm.
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void report(uint64_t nanos) {
    if (write(1, &nanos, sizeof nanos) != sizeof nanos)
        exit(1);
}

static pid_t forked(void) {
    pid_t pid = fork();
    if (pid < 0)
        exit(1);
    return pid;
}

// kill(2) counts zombies as processes, and -1 means all but PID 1 and the caller.
static void wait_until_gone(pid_t pid) {
    while (kill(pid, 0) == 0)
        usleep(20);
}

static void signals(void) {
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    report(0);
    while (sigwaitinfo(&usr1, NULL) == SIGUSR1)
        report(now());
}

static void orphans(int count) {
    uint64_t began = now();
    for (int i = 0; i < count; i++) {
        pid_t parent = forked();
        if (parent == 0) {
            forked();
            _exit(0); // both: as a zombie or alive, the younger one becomes the init's
        }
        waitpid(parent, NULL, 0);
    }
    wait_until_gone(-1);
    report(now() - began);
}

static void burst(int count) {
    pid_t parent = forked();
    if (parent == 0) {
        for (int i = 0; i < count; i++) {
            pid_t child = forked();
            if (child == 0)
                _exit(0);
            siginfo_t ended;
            waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
        }
        raise(SIGSTOP);
    }
    int status;
    waitpid(parent, &status, WUNTRACED);
    if (!WIFSTOPPED(status))
        exit(1);
    uint64_t began = now();
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    // The youngest is reaped last; pids count up in this new namespace. Asking for all of them takes the very lock that
    // reaping needs, so that waits until there is nothing to hold up.
    wait_until_gone(parent + count);
    wait_until_gone(-1);
    report(now() - began);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "signals") == 0)
        signals();
    else if (argc == 3 && strcmp(argv[1], "orphans") == 0)
        orphans(atoi(argv[2]));
    else if (argc == 3 && strcmp(argv[1], "burst") == 0)
        burst(atoi(argv[2]));
    return 1;
}
