// storms FILE SEED: takes every signal and counts it in FILE, a 32-bit number for each from 0 to 64; meanwhile,
// some fifty times a second until the number for 0 is no longer zero, leaves orphans of one kind or another. Signal 64
// ends it, with SEED modulo 256.
//
// None of what it forks lives longer than 200 ms or forks without bound: some fifty processes at a time.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned seed;

static int below(int limit) { return rand_r(&seed) % limit; }

static void milliseconds(int number) {
    struct timespec time = {0, number * 1000000L};
    nanosleep(&time, NULL);
}

static void dies_of(int number) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(0);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// A fork whose child goes on as an orphan: the process between ends at once.
static int leaves_an_orphan(void) {
    seed++;
    if (fork() != 0) return 0;
    if (fork() != 0) _exit(0);
    return 1;
}

static void one_kind(void) {
    switch (below(8)) {
    case 0: // a child of its own
        if (fork() == 0) _exit(below(256));
        break;
    case 1: // an orphan that ends with some status
        if (leaves_an_orphan()) { milliseconds(below(200)); _exit(below(256)); }
        break;
    case 2: // one with a session of its own
        if (leaves_an_orphan()) { setsid(); milliseconds(below(200)); _exit(0); }
        break;
    case 3: // one that leaves others
        if (leaves_an_orphan()) {
            for (int left = below(3); left >= 0; left--)
                if (fork() == 0) { milliseconds(below(200)); _exit(left); }
            milliseconds(below(50));
            _exit(0);
        }
        break;
    case 4: // one that dies of a signal
        if (leaves_an_orphan()) { milliseconds(below(50)); dies_of(below(2) ? SIGKILL : 34 + below(30)); }
        break;
    case 5: // one that stops, until it is killed
        if (leaves_an_orphan()) {
            pid_t stopped = fork();
            if (stopped == 0) { kill(getpid(), SIGSTOP); milliseconds(100); _exit(0); }
            milliseconds(below(100));
            if (stopped > 0) kill(stopped, SIGKILL);
            _exit(0);
        }
        break;
    case 6: // many that end at once
        if (leaves_an_orphan()) {
            for (int left = below(20); left > 0; left--)
                if (fork() == 0) _exit(left);
            _exit(0);
        }
        break;
    default: // none
        break;
    }
}

int main(int count, char **words) {
    if (count < 3) return 64;
    seed = strtoul(words[2], NULL, 10);
    int status = seed % 256, file = open(words[1], O_RDWR);
    volatile uint32_t *counts = mmap(NULL, 65 * sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || counts == MAP_FAILED) return 71;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    printf("storm is ready\n");
    fflush(stdout);
    for (int64_t next = now();;) {
        const struct timespec tick = {0, 5 * 1000000L};
        int number = sigtimedwait(&all, NULL, &tick);
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
        if (number > 0 && number <= 64) counts[number]++;
        if (number == 64) return status;
        if (counts[0] == 0 && now() >= next) {
            one_kind();
            next = now() + 10 + below(20);
        }
    }
}
