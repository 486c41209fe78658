//! From words and operators to simple commands. A script that a shell would refuse is read as far as it goes.

use super::Simple;
use super::lexer::{Token, Word, tokens};
use super::values::{empty_for, unquoted};

/// An and-or list, as far as it is read: `A && B || C`.
#[derive(Clone, Default)]
struct List<'a> {
    /// The words that must be empty for the next command to run.
    wants_empty: Vec<&'a str>,
    /// `&&` or `||`, which stood before the last command.
    operator: Option<&'a str>,
    /// The last command, if it is a simple one, and whether `!` stands before it.
    last: Vec<&'a str>,
    negated: bool,
}

impl<'a> List<'a> {
    /// The word that must be empty for the last command to come out like this.
    fn last_for(&self, outcome: bool) -> Option<&'a str> {
        empty_for(&self.last, outcome != self.negated)
    }

    /// Goes on behind an operator.
    fn join(&mut self, operator: &'a str) {
        if self.operator.is_some_and(|before| before != operator) {
            self.wants_empty.clear();
        } else {
            self.wants_empty.extend(self.last_for(operator == "&&"));
        }
        self.operator = Some(operator);
        self.last.clear();
        self.negated = false;
    }

    /// The words that must be empty for the whole to come out like this.
    fn whole_for(&self, outcome: bool) -> Vec<&'a str> {
        let decides = if outcome { "&&" } else { "||" };
        if self.operator.is_some_and(|operator| operator != decides) {
            return Vec::new();
        }
        let before = self.wants_empty.iter().copied();
        before.chain(self.last_for(outcome)).collect()
    }
}

/// What commands stand in.
struct Block<'a> {
    /// The word that opened it.
    kind: &'a str,
    /// The list that it is a part of.
    outer: List<'a>,
    /// The words that must be empty for what is in it to run now.
    wants_empty: Vec<&'a str>,
    /// Those for what is left of an `if`: none of its conditions was true.
    otherwise: Vec<&'a str>,
    /// The word of a `case`.
    subject: &'a str,
    /// In a `case`, a pattern comes next.
    pattern: bool,
}

#[derive(Default)]
struct Parser<'a> {
    found: Vec<Simple<'a>>,
    blocks: Vec<Block<'a>>,
    list: List<'a>,
    /// The list that ended last: the condition, where `then` or `do` comes next.
    condition: List<'a>,
    words: Vec<Word<'a>>,
}

/// The simple commands of a script, in its order.
pub fn commands(script: &str) -> Vec<Simple<'_>> {
    let mut parser = Parser::default();
    for token in tokens(script) {
        match token {
            Token::Word(word) => parser.word(word),
            Token::Operator(operator) => parser.operator(operator),
        }
    }
    parser.finish();
    parser.found
}

impl<'a> Parser<'a> {
    fn word(&mut self, word: Word<'a>) {
        if self.pattern().is_some() && word.text != "esac" {
            self.words.push(word);
            return;
        }
        if !self.words.is_empty() {
            let of_case = self.words.len() == 2 && word.text == "in";
            if of_case
                && let [case, subject] = self.words.as_slice()
                && case.text == "case"
            {
                let subject = subject.text;
                self.words.clear();
                self.open("case");
                if let Some(block) = self.blocks.last_mut() {
                    block.subject = subject;
                    block.pattern = true;
                }
                return;
            }
            self.words.push(word);
            return;
        }
        match word.text {
            "!" => self.list.negated = !self.list.negated,
            "if" | "while" | "until" | "{" => self.open(word.text),
            "for" => {
                self.open("for");
                self.words.push(word);
            }
            "then" | "elif" | "else" | "do" => self.turn(word.text),
            "fi" => self.close(&["if"]),
            "esac" => self.close(&["case"]),
            "done" => self.close(&["while", "until", "for"]),
            "}" => self.close(&["{"]),
            _ => self.words.push(word),
        }
    }

    fn operator(&mut self, operator: &'a str) {
        if let Some(block) = self.blocks.last_mut().filter(|block| block.pattern) {
            if operator == ")" {
                let empty = self.words.iter().any(|word| unquoted(word.text).is_empty());
                let only = self.words.len() == 1 && empty;
                block.wants_empty = Vec::from_iter(only.then_some(block.subject));
                block.pattern = false;
                self.words.clear();
            }
            return;
        }
        // A line break behind `&&` ends nothing.
        let begins = self.words.is_empty() && self.list.last.is_empty();
        if operator == "\n" && begins && self.list.operator.is_some() {
            return;
        }
        match operator {
            "(" => {
                // A function's name may stand before it.
                self.words.clear();
                self.open("(");
            }
            "|" => self.finish(),
            "&&" | "||" => {
                self.finish();
                self.list.join(operator);
            }
            _ => {
                self.end_list();
                match (operator, self.blocks.last_mut()) {
                    (";;", Some(block)) if block.kind == "case" => block.pattern = true,
                    (")", _) => self.close(&["("]),
                    _ => {}
                }
            }
        }
    }

    fn pattern(&self) -> Option<&Block<'a>> {
        self.blocks.last().filter(|block| block.pattern)
    }

    /// Ends a simple command.
    fn finish(&mut self) {
        if self.words.is_empty() {
            return;
        }
        let words = std::mem::take(&mut self.words);
        self.list.last = words.iter().map(|word| word.text).collect();
        let blocks = self.blocks.iter();
        let around =
            blocks.flat_map(|block| block.outer.wants_empty.iter().chain(&block.wants_empty));
        let wants_empty = around.chain(&self.list.wants_empty).copied().collect();
        self.found.push(Simple { words, wants_empty });
    }

    fn end_list(&mut self) {
        self.finish();
        let list = std::mem::take(&mut self.list);
        if !list.last.is_empty() || list.operator.is_some() {
            self.condition = list;
        }
    }

    fn open(&mut self, kind: &'a str) {
        self.blocks.push(Block {
            kind,
            outer: std::mem::take(&mut self.list),
            wants_empty: Vec::new(),
            otherwise: Vec::new(),
            subject: "",
            pattern: false,
        });
        self.condition = List::default();
    }

    /// From the condition to what it is about, and on to the next.
    fn turn(&mut self, word: &str) {
        self.end_list();
        let condition = std::mem::take(&mut self.condition);
        let Some(block) = self.blocks.last_mut() else {
            return;
        };
        block.wants_empty.clone_from(&block.otherwise);
        match (block.kind, word) {
            ("if", "then") | ("while", "do") => {
                block.wants_empty.extend(condition.whole_for(true));
                block.otherwise.extend(condition.whole_for(false));
            }
            ("until", "do") => block.wants_empty.extend(condition.whole_for(false)),
            _ => {}
        }
    }

    /// Ends the innermost block of such a kind, and what was left open in it.
    fn close(&mut self, kinds: &[&str]) {
        self.end_list();
        let is_one = |block: &Block| kinds.contains(&block.kind);
        let Some(at) = self.blocks.iter().rposition(is_one) else {
            return;
        };
        if let Some(block) = self.blocks.drain(at..).next() {
            self.list = block.outer;
            // What it comes to is not known.
            self.list.last = vec![block.kind];
            self.list.negated = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 36] = [
        " ",
        "\n",
        ";",
        ";;",
        "&",
        "&&",
        "|",
        "||",
        "(",
        ")",
        "{",
        "}",
        "!",
        "'",
        "\"",
        "`",
        "$(",
        "${",
        "$",
        "\\",
        "#",
        "<<X",
        "X",
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "case",
        "in",
        "esac",
        "for",
        "do",
        "done",
        "A=b",
        "[ -z \"$A\" ]",
    ];

    proptest! {
        #[test]
        fn reads_whatever_it_is_given(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
            let script = pieces.concat();
            for command in commands(&script) {
                prop_assert!(!command.words.is_empty());
                let lines = script.matches('\n').count() + 1;
                for word in &command.words {
                    prop_assert!(!word.text.is_empty() && word.line <= lines, "{word:?}");
                }
            }
        }
    }
}
