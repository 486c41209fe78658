//! `BEAMINIT_LAUNCHER`: how the command starts a BEAM, where the user says so: a script of his own that ends in an
//! `exec erl`, or a node that is to be left alone.

use super::values::one_of;

/// The ways of starting a BEAM, and two words about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LauncherKind {
    /// What the command's file tells.
    Auto,
    /// `erl`, or what hands its environment to one.
    Erl,
    /// `elixir`.
    Elixir,
    /// `iex`.
    Iex,
    /// `mix`.
    Mix,
    /// An escript.
    Escript,
    /// A release made by `mix release`.
    MixRelease,
    /// A release made by relx.
    Relx,
    /// A release made by distillery.
    Distillery,
    /// An erlang-shipment made by gleam.
    Gleam,
    /// `rabbitmq-server` and its tools.
    RabbitMq,
    /// `ejabberdctl`.
    Ejabberd,
    /// None: the command runs untouched.
    None,
}

impl LauncherKind {
    const WORDS: [(&'static str, Self); 13] = [
        ("auto", Self::Auto),
        ("erl", Self::Erl),
        ("elixir", Self::Elixir),
        ("iex", Self::Iex),
        ("mix", Self::Mix),
        ("escript", Self::Escript),
        ("mix-release", Self::MixRelease),
        ("relx", Self::Relx),
        ("distillery", Self::Distillery),
        ("gleam", Self::Gleam),
        ("rabbitmq", Self::RabbitMq),
        ("ejabberd", Self::Ejabberd),
        ("none", Self::None),
    ];

    /// Reads the word.
    ///
    /// # Errors
    /// The words that there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        one_of(&Self::WORDS, text)
    }

    /// Its word, as in the environment.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(word, _)| word)
    }
}
