#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| beaminit_fuzz::dist_message(bytes));
