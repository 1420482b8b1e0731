//! Who reaches what: statements, structure, the matrix of routes and actors, tenancy, and the API.

mod api;
mod dice;
mod fuzz;
mod fuzz_forms;
mod input;
mod limits;
mod matrix;
mod members;
mod openapi;
mod rights;
mod security;
mod statements;
mod structure;
mod tenancy;
mod world;
