//! The variable that a mistyped name was meant for.

/// The name that was meant. A name with words left out or added is nearer than its distance says.
pub fn nearest<'a>(name: &str, names: &[&'a str]) -> &'a str {
    const PREFIX: &str = "BEAMINIT_";
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix(PREFIX).unwrap_or(&name);
    let distance = |known: &str, name: &str| strsim::damerau_levenshtein(known, name);
    let ours = names
        .iter()
        .filter_map(|full| Some((*full, full.strip_prefix(PREFIX)?)));
    let nearest = ours.min_by_key(|(_, known)| {
        let whole = distance(known, name);
        let of_parts = parts(known).map(|part| distance(part, name));
        let to_parts = parts(name).map(|part| distance(known, part));
        let part = of_parts.chain(to_parts).min().map(|least| least + 1);
        let begins = known.starts_with(name).then_some(1);
        let least = [Some(whole), part, begins].into_iter().flatten().min();
        (least, whole)
    });
    nearest.map_or("", |(full, _)| full)
}

/// What is before and behind each `_`.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let splits = name.match_indices('_');
    splits.flat_map(|(at, _)| [name.get(..at), name.get(at + 1..)].into_iter().flatten())
}
