//! The log, on standard error: one line a message, `PROGRAM: message` or one JSON object; and the termination log.
//!
//! <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>

use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber, error};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer, debug_fn};
use tracing_subscriber::fmt::{FmtContext, SubscriberBuilder};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::dns::strays::OwnEvents;
use crate::error::{Details, Failure};
use crate::system::{descriptors, printable};

/// What Kubernetes keeps of a termination message, in bytes.
const TERMINATION_LIMIT: usize = 4096;
/// Where Kubernetes mounts it.
const TERMINATION_LOG: &str = "/dev/termination-log";

static PROGRAM: OnceLock<&str> = OnceLock::new();

/// Has messages begin with another name than `beaminit`.
pub fn set_program(name: &'static str) {
    let _ = PROGRAM.set(name);
}

/// What each message begins with.
pub fn program() -> &'static str {
    PROGRAM.get().copied().unwrap_or("beaminit")
}

/// How to log, and where the reason of a failure goes.
#[derive(Clone, Debug)]
pub struct Logging {
    /// `BEAMINIT_LOG`.
    pub level: LevelFilter,
    /// `BEAMINIT_LOG_FORMAT`.
    pub format: LogFormat,
    /// `BEAMINIT_TERMINATION_LOG`, where it is set.
    pub termination_log: Option<PathBuf>,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `PROGRAM: message`.
    Text,
    /// One JSON object.
    Json,
}

/// Starts the log.
pub fn start(logging: &Logging) {
    let builder = SubscriberBuilder::default()
        .with_max_level(logging.level)
        // Such an error would be written to standard error, too.
        .log_internal_errors(false)
        .with_writer(|| descriptors::Stderr);
    // It can be set once in a process, and a process starts one log.
    let _ = match logging.format {
        LogFormat::Text => {
            // The line says it all; the fields are for those who search in them.
            let message = debug_fn(|writer, field, value| match field.name() {
                "message" => write!(writer, "{value:?}"),
                _ => Ok(()),
            });
            let plain = builder.event_format(Plain).fmt_fields(message);
            tracing::subscriber::set_global_default(plain.finish().with(OwnEvents))
        }
        LogFormat::Json => tracing::subscriber::set_global_default(
            builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false)
                .with_target(false)
                .finish()
                .with(OwnEvents),
        ),
    };
}

/// `PROGRAM: message`, with the level where it is not info.
struct Plain;

impl<S, N> FormatEvent<S, N> for Plain
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error: ",
            Level::WARN => "warning: ",
            Level::INFO => "",
            _ => "debug: ",
        };
        write!(writer, "{}: {level}", program())?;
        let mut message = String::new();
        context.format_fields(Writer::new(&mut message), event)?;
        writeln!(writer, "{message}")
    }
}

/// Prints a line where no log has been started.
pub fn print(line: impl fmt::Display) {
    let line = format!("{}: {line}\n", program());
    let _ = descriptors::Stderr.write(line.as_bytes());
}

impl Failure {
    /// Prints it where no log has been started; returns the exit status.
    pub fn report(&self) -> i32 {
        for line in &self.lines {
            print(format_args!("error: {line}"));
        }
        self.exit.status()
    }

    /// Logs it; returns the exit status.
    pub fn log(&self) -> i32 {
        let field = |of: fn(&Details) -> &str| self.details.as_deref().map(of);
        let names = field(|details| &details.names);
        let addresses = field(|details| &details.addresses);
        let answers = field(|details| &details.answers);
        let cause = field(|details| &details.cause);
        for line in &self.lines {
            error!(names, addresses, answers, cause, "{line}");
        }
        self.exit.status()
    }
}

/// Writes the reason of a failure where Kubernetes looks for it: in place, since the file is a mount.
///
/// Where the default file is not there, nothing is written; where `asked_for` cannot be written, that is logged.
pub fn leave_reason(lines: &[String], asked_for: Option<&Path>) {
    let path = asked_for.unwrap_or(Path::new(TERMINATION_LOG));
    // Log collectors split lines.
    let lines: Vec<String> = lines.iter().map(|line| printable::one_line(line)).collect();
    let mut text = lines.join("\n");
    text.truncate(text.floor_char_boundary(TERMINATION_LIMIT));
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .truncate(true)
        .create(asked_for.is_some())
        // A FIFO without a reader must not delay the end.
        .custom_flags(nix::libc::O_NONBLOCK);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let (Err(error), Some(path)) = (written, asked_for) {
        tracing::warn!(
            "BEAMINIT_TERMINATION_LOG is {path:?}, which cannot be written: {error}; mount it, or leave it unset"
        );
    }
}
