mod measure;
mod justify;

pub use justify::justify;
pub use measure::{display_width, fits};
