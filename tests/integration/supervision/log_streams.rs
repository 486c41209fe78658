//! A log that nobody reads, or not now: the start goes on, and the command has its standard error as it was.

use std::ffi::OsString;

use super::fakes;
use crate::harness::*;

/// Becomes `@ARGV` with a pipe on standard error; what is done with it first, comes first. `R` is not closed on exec.
fn with_pipe(then: &str, command: &[&str]) -> Vec<OsString> {
    let script =
        format!("$^F = 99; pipe R, W or die; {then}; open STDERR, '>&', W or die; exec @ARGV");
    let options = ["env", "--default-signal", "perl", "-MFcntl", "-e"];
    let words = [&options[..], &[&script, BEAMINIT, "--"], command].concat();
    words.into_iter().map(OsString::from).collect()
}

/// Fills it to the last byte, and makes it block again.
const FULL: &str = "fcntl W, F_SETFL, O_WRONLY | O_NONBLOCK; \
                    for my $size (4096, 1) { 1 while syswrite W, '.' x $size } fcntl W, F_SETFL, O_WRONLY";

#[test]
fn a_pipe_without_a_reader_ends_no_start() {
    for (command, status) in [("true", 0), ("nonesuch", 127), ("kill -PIPE $$", 141)] {
        let command = ["sh", "-c", command];
        let words = with_pipe(
            "close R",
            &command[if command[2].contains(' ') { 0..3 } else { 2..3 }],
        );
        fakes::pod().first(words).ends_with(status);
    }
    let running = fakes::pod().first(with_pipe("close R", &["takes-signals", "fake"]));
    // PIPE is 13, and 0x1000 in the mask.
    let ready = running.says("fake is ready").text;
    let ignored = ready.rsplit_once("ignored ").unwrap().1;
    assert_eq!(
        u64::from_str_radix(ignored, 16).unwrap() & 0x1000,
        0,
        "{ready}"
    );
}

#[test]
fn a_full_pipe_that_nobody_reads_holds_no_start_up() {
    let command = [
        "sh",
        "-c",
        "grep flags /proc/self/fdinfo/2; exec takes-signals fake",
    ];
    let running = fakes::pod()
        .env("BEAMINIT_LOG", "debug")
        .first(with_pipe(FULL, &command));
    let flags = running.says("flags:").text;
    let flags = u32::from_str_radix(flags.split_whitespace().nth(1).unwrap(), 8).unwrap();
    assert_eq!(flags & 0o4000, 0, "O_NONBLOCK is not the command's");
    running.says("fake is ready");
    running.signal_number(15);
    running.ends_with(0);
}

#[test]
fn a_slow_reader_gets_every_line_whole() {
    let reader = format!(
        "{FULL}; if (fork) {{ close W; open STDERR, '>&', STDOUT; my $all = ''; \
         while (sysread R, my $some, 4096) {{ $all .= $some; select undef, undef, undef, 0.005 }} \
         $all =~ s/^[.]+//; print map {{ 'line of ' . length . qq(\n) }} sort {{ length $a <=> length $b }} \
         grep /^beaminit: /, split /\n/, $all; exit }} close R"
    );
    let long = "x".repeat(100_000);
    let words = with_pipe(&reader, &["true", &long]);
    let running = fakes::pod().env("BEAMINIT_LOG", "debug").first(words);
    // The plan's line with the argument; the command's own end closes the pipe.
    let line = running.writes("a line as long as the argument", |line| {
        let length = line
            .text
            .strip_prefix("line of ")
            .and_then(|text| text.parse().ok());
        length.is_some_and(|length: usize| length > 100_000)
    });
    assert!(line.complete);
}
