use crate::event::Event;

#[derive(Default)]
pub struct Schedule {
    events: Vec<Event>,
}

impl Schedule {
    pub fn insert(&mut self, event: Event) {
        self.events.push(event);
        self.events.sort_by_key(|e| e.at);
    }

    /// The first event in (now, now + horizon].
    pub fn next_after(&self, now: u64, horizon: u64) -> Option<&Event> {
        self.events.iter().find(|e| e.at > now && e.at <= now + horizon)
    }

    pub fn len(&self) -> usize {
        self.events.len()
    }
}
