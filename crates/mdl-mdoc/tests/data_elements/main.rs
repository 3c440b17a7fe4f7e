//! The element gate through its public interface.

mod any_value;
mod disclosed;
mod elements_of_others;
mod licence;
mod one_rule_at_a_time;
mod own_schema;
mod rows;
