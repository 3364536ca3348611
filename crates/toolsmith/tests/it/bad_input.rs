//! What bad input gets: each row of the table, and that the server serves on afterwards.

mod bodies;
mod http;
mod legacy;
mod modern;
mod stdio;
mod tools;
