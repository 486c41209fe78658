//! Calls on a node: what `rpc:call/4` sends to the server `rex` of the other node, and what comes back.
//!
//! <https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html#protocol-between-connected-nodes>

use std::io::Write as _;
use std::time::Instant;

use super::term::{OutTerm, Term, VERSION};
use super::wire::Wire;
use super::{DistError, LONGEST};

const STEP: &str = "a call";

/// Precedes the terms of a message in which no atoms are cached.
const PASS_THROUGH: u8 = b'p';
/// Control messages: to a process, the same with its sender, to a name.
const SEND: i64 = 2;
const SEND_SENDER: i64 = 22;
const REG_SEND: i32 = 6;

/// A connection to a node that has the same cookie.
#[derive(Debug)]
pub struct Connection {
    wire: Wire,
    own_name: String,
    creation: u32,
    calls: i32,
}

/// The message that answers a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply(Vec<u8>);

impl Reply {
    /// The term that was returned.
    pub fn term(&self) -> Term<'_> {
        answer(&self.0).map_or(Term::Other, |(_, term)| term)
    }
}

impl Connection {
    pub fn new(wire: Wire, own_name: String, creation: u32) -> Self {
        Self {
            wire,
            own_name,
            creation,
            calls: 0,
        }
    }

    /// Calls a function at the node, and waits for what it returns.
    ///
    /// # Errors
    /// [`DistError::BadRpc`] if it did not return; any other is the end of the connection.
    pub fn call(
        &mut self,
        module: &str,
        function: &str,
        arguments: Vec<OutTerm>,
        deadline: Instant,
    ) -> Result<Reply, DistError> {
        self.wire.set_deadline(deadline);
        self.calls = self.calls.wrapping_add(1);
        let call = self.request(module, function, arguments);
        self.send(&call)?;
        loop {
            let message = self.receive()?;
            let own = |(number, _): &(i64, Term)| *number == i64::from(self.calls);
            let Some((_, term)) = answer(&message).filter(own) else {
                // A tick, which is to be answered with another, or a message that is not for this call.
                if message.is_empty() {
                    self.send(&[0; 4])?;
                }
                continue;
            };
            if let Some([tag, reason]) = term.tuple()
                && tag.is_atom("badrpc")
            {
                return Err(DistError::BadRpc(reason.to_string()));
            }
            return Ok(Reply(message));
        }
    }

    fn request(&self, module: &str, function: &str, arguments: Vec<OutTerm>) -> Vec<u8> {
        let own = || OutTerm::Pid(&self.own_name, self.creation);
        let atom = OutTerm::Atom;
        let control = OutTerm::Tuple(vec![
            OutTerm::Integer(REG_SEND),
            own(),
            atom(""),
            atom("rex"),
        ]);
        let call = vec![
            atom("call"),
            atom(module),
            atom(function),
            OutTerm::List(arguments),
            atom("user"),
        ];
        let from = OutTerm::Tuple(vec![own(), OutTerm::Integer(self.calls)]);
        let message = OutTerm::Tuple(vec![atom("$gen_call"), from, OutTerm::Tuple(call)]);
        let mut body = vec![PASS_THROUGH];
        for term in [control, message] {
            body.push(VERSION);
            term.encode(&mut body);
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), body.as_slice()].concat()
    }

    fn send(&mut self, message: &[u8]) -> Result<(), DistError> {
        let sent = self.wire.write_all(message);
        sent.map_err(DistError::in_step(STEP))
    }

    fn receive(&mut self) -> Result<Vec<u8>, DistError> {
        let lost = DistError::in_step(STEP);
        let length = self.wire.read_length::<4>().map_err(lost)?;
        if length > LONGEST {
            return Err(DistError::TooLong);
        }
        self.wire.read_bytes(length).map_err(lost)
    }
}

/// The number of a call and the term that it returned, if the message is an answer.
pub fn answer(message: &[u8]) -> Option<(i64, Term<'_>)> {
    let (control, rest) = Term::decode(message.strip_prefix(&[PASS_THROUGH])?)?;
    let [Term::Integer(SEND | SEND_SENDER), _, Term::Pid] = control.tuple()? else {
        return None;
    };
    let (message, _) = Term::decode(rest)?;
    match message.tuple()? {
        [Term::Integer(number), reply] => Some((number, reply)),
        _ => None,
    }
}
