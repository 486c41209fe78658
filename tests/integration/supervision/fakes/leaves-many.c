// leaves-many dead N:            N orphans that have ended already come to init in one moment; says "left", and stays.
// leaves-many living N STATUS:   N orphans that end in the moment in which it ends itself, with STATUS.
// leaves-many below N STATUS:    N that ignore TERM, each below the one before; says "left", and ends on TERM with STATUS.
//
// One fork after the other: as many processes as are asked for, and never more.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_on_term;

static void ends(int signal) {
    (void)signal;
    _exit(status_on_term);
}

static int below(int number, int status) {
    int said[2];
    char byte = 0;
    status_on_term = status;
    if (number > 6000 || pipe(said) < 0) return 71;
    signal(SIGTERM, ends);
    if (fork() == 0) {
        signal(SIGTERM, SIG_IGN);
        while (--number > 0) {
            pid_t child = fork();
            if (child < 0) _exit(71);
            alarm(900);
            if (child > 0) for (;;) pause();
        }
        (void)!write(said[1], &byte, 1);
        for (;;) pause();
    }
    if (read(said[0], &byte, 1) != 1) return 71;
    puts("left");
    fflush(stdout);
    for (;;) pause();
}

int main(int count, char **words) {
    if (count < 3) return 64;
    if (!strcmp(words[1], "below")) return below(atoi(words[2]), count > 3 ? atoi(words[3]) : 0);
    int dead = !strcmp(words[1], "dead"), number = atoi(words[2]), ends[2];
    char nothing;
    if (number > 6000 || pipe(ends) < 0) return 71;
    pid_t parent = fork();
    if (parent == 0) {
        while (number-- > 0) {
            pid_t child = fork();
            if (child < 0) _exit(71);
            if (child > 0) continue;
            alarm(900);
            close(ends[1]);
            // The end of the pipe is the end of the command.
            if (!dead) (void)!read(ends[0], &nothing, 1);
            _exit(0);
        }
        // The dead are nobody's so far: not waited for, they go to init with this.
        _exit(0);
    }
    int status;
    if (waitpid(parent, &status, 0) != parent || status != 0) return 71;
    puts("left");
    fflush(stdout);
    if (dead) pause();
    return count > 3 ? atoi(words[3]) : 0;
}
