mod clock;
mod event;
mod parse;
mod schedule;

use clock::{Clock, SystemClock};
use schedule::Schedule;
use std::io::{stdin, BufRead};

const HORIZON: u64 = 24 * 60 * 60;

fn main() {
    let mut schedule = Schedule::default();
    for line in stdin().lock().lines().map_while(Result::ok) {
        if let Some(event) = parse::parse_line(&line) {
            schedule.insert(event);
        }
    }
    let now = SystemClock.now();
    match schedule.next_$0
        Some(event) => println!("{} at {}", event.name, event.at),
        None => println!("nothing today"),
    }
}
