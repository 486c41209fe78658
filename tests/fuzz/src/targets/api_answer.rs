use crate::api_answer::{Parser, pods, slices};

/// A body of the Kubernetes API's, read as either list.
pub fn api_answer(bytes: &[u8]) {
    for (parse, ipv6) in [
        (slices as Parser, false),
        (slices, true),
        (pods, false),
        (pods, true),
    ] {
        match parse(bytes, ipv6) {
            Ok(page) => {
                assert!(page.pods.iter().all(|(_, at)| at.is_ipv6() == ipv6));
                // It stands in the next request's line.
                let plain = |c: char| c.is_ascii_alphanumeric() || "%-._~".contains(c);
                assert!(
                    page.more
                        .is_none_or(|more| !more.is_empty() && more.chars().all(plain))
                );
            }
            Err(reason) => assert!(!reason.contains(char::is_control), "{reason:?}"),
        }
    }
}
