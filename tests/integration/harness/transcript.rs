//! What a process writes, line by line as it comes, with the time of each line.

use std::fmt;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Which of its two outputs a process wrote to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    Out,
    Err,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    pub at: Instant,
    pub stream: Stream,
    pub text: String,
    /// Whether its newline has come; a prompt has none.
    pub complete: bool,
}

/// All lines of both streams, in the order in which they arrived.
#[derive(Clone)]
pub struct Transcript {
    shared: Arc<(Mutex<Pages>, Condvar)>,
    started: Instant,
}

#[derive(Default)]
struct Pages {
    lines: Vec<Line>,
    open: usize,
}

impl Transcript {
    pub fn new() -> Self {
        Self {
            shared: Arc::default(),
            started: Instant::now(),
        }
    }

    /// Begins to take down what comes from `source`, until its end.
    pub fn follow(&self, stream: Stream, mut source: impl Read + Send + 'static) {
        self.shared.0.lock().unwrap().open += 1;
        let transcript = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let (mut bytes, mut place) = (Vec::new(), None);
            // A terminal's other side ends with EIO: an end like any other.
            while let Ok(length @ 1..) = source.read(&mut buffer) {
                for piece in buffer[..length].split_inclusive(|byte| *byte == b'\n') {
                    bytes.extend_from_slice(piece);
                    place = transcript.put(stream, &bytes, place);
                    if place.is_none() {
                        bytes.clear();
                    }
                }
            }
            transcript.shared.0.lock().unwrap().open -= 1;
            transcript.shared.1.notify_all();
        });
    }

    /// Puts a line, or what is there of it so far, to its place; returns that place while the line isn't complete.
    fn put(&self, stream: Stream, bytes: &[u8], place: Option<usize>) -> Option<usize> {
        let complete = bytes.ends_with(b"\n");
        let text = String::from_utf8_lossy(bytes);
        let line = Line {
            at: Instant::now(),
            stream,
            text: text.trim_end_matches(['\n', '\r']).to_owned(),
            complete,
        };
        let mut pages = self.shared.0.lock().unwrap();
        let place = place.unwrap_or(pages.lines.len());
        if let Some(known) = pages.lines.get_mut(place) {
            *known = line;
        } else {
            pages.lines.push(line);
        }
        self.shared.1.notify_all();
        (!complete).then_some(place)
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.shared.0.lock().unwrap().lines.clone()
    }

    /// The lines of one stream so far, as one text.
    pub fn text(&self, stream: Stream) -> String {
        self.lines()
            .iter()
            .filter(|line| line.stream == stream)
            .map(|line| line.text.clone() + "\n")
            .collect()
    }

    /// The first line, past or future, that is as wanted; none if the deadline passes or the streams end first.
    pub fn wait_for(&self, wanted: impl Fn(&Line) -> bool, limit: Duration) -> Option<Line> {
        let deadline = Instant::now() + limit;
        let mut pages = self.shared.0.lock().unwrap();
        loop {
            if let Some(line) = pages.lines.iter().find(|line| wanted(line)) {
                return Some(line.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || pages.open == 0 {
                return None;
            }
            pages = self.shared.1.wait_timeout(pages, left).unwrap().0;
        }
    }

    /// Waits until both streams have ended, so that nothing more can come.
    pub fn wait_for_the_end(&self, limit: Duration) {
        let pages = self.shared.0.lock().unwrap();
        let _ = self
            .shared
            .1
            .wait_timeout_while(pages, limit, |pages| pages.open > 0)
            .unwrap();
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            let seconds = (line.at - self.started).as_secs_f32();
            let mark = if line.stream == Stream::Out { ' ' } else { '!' };
            writeln!(f, "  {seconds:7.3} {mark} {}", line.text)?;
        }
        Ok(())
    }
}
