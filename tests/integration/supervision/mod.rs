//! The room of `init`: PID 1 forwards signals, reaps everything, and ends as its command did.

mod as_dumb_init;
mod bursts;
mod every_signal;
mod exit_status;
mod fakes;
mod first_breath;
mod inherited;
mod jobs;
mod keeps_out_of_the_way;
mod left_behind;
mod log_streams;
mod observed;
mod reaping;
mod refusals;
mod rewriting;
mod shell_above;
mod signals;
mod stop_settings;
mod stopping;
mod storm;
mod surroundings;
mod terminals;
mod windows;
mod young_node;
