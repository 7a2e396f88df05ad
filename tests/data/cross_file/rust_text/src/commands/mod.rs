pub mod wrap;
pub mod count;
