//! Who reaches what: statements, structure, the matrix of routes and actors, tenancy, and the API.

mod api;
mod input;
mod limits;
mod matrix;
mod openapi;
mod statements;
mod structure;
mod tenancy;
mod world;
