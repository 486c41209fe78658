//! The variables that Kubernetes sets in every pod for each Service.

/// Is this one of them? A Service's name may start with `beaminit`.
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>
pub fn is_service_link(name: &str, value: &str) -> bool {
    let is_protocol = |word: &str| matches!(word, "TCP" | "UDP" | "SCTP");
    // A plain BEAMINIT_PORT=5555 is a mistake.
    let is_url = || {
        let protocol = value.split_once("://").map(|(protocol, _)| protocol);
        protocol.is_some_and(|protocol| is_protocol(&protocol.to_ascii_uppercase()))
    };
    let is_port = |(_, port): (&str, &str)| {
        let mut words = port.split('_');
        let number = words.next().and_then(|word| word.parse::<u16>().ok());
        number.is_some() && words.next().is_some_and(is_protocol)
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && is_url()
        || name.split_once("_PORT_").is_some_and(is_port)
}
