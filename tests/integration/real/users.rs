//! Users that OpenShift makes up: no entry in passwd, group 0, and no home to write to.

use super::*;

#[test]
fn erl_starts_where_there_is_no_home() {
    for home in [None, Some("/"), Some("/srv/nowhere")] {
        let (pod, _dns) = clustered();
        let pod = pod.user(1_000_660_000).without("HOME");
        let pod = home
            .into_iter()
            .fold(pod, |pod, home| pod.env("HOME", home));
        let node = pod.run(["erl", "-noinput", "-eval", SPEAK]);
        is_as_planned(&node);
    }
}
