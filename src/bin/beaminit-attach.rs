//! The program `beaminit-attach`.

fn main() {
    std::process::exit(beaminit::attach::main());
}
