//! Intake flows.
