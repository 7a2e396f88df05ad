#[derive(Debug, Clone)]
pub struct Event {
    pub at: u64,
    pub name: String,
    pub repeat: Repeat,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Repeat {
    Never,
    Every(u64),
}
