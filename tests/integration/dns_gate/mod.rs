//! The wait for the node's own record.

mod answers;
mod nameservers;
mod waiting;
mod which_name;
