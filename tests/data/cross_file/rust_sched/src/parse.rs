use crate::event::{Event, Repeat};

pub fn parse_line(line: &str) -> Option<Event> {
    let (at, name) = line.split_once(' ')?;
    Some(Event { at: at.parse().ok()?, name: name.to_string(), repeat: Repeat::Never })
}
