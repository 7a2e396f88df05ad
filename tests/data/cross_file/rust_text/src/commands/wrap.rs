use crate::layout::{display_width, justify};

pub struct Options {
    pub columns: usize,
    pub tab_size: usize,
    pub justified: bool,
}

pub fn wrap(text: &str, options: &Options) -> Vec<String> {
    let mut lines = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let width = display_width($0
        if used + width > options.columns && !words.is_empty() {
            lines.push(finish(&words, options));
            words.clear();
            used = 0;
        }
        words.push(word);
        used += width + 1;
    }
    lines
}

fn finish(words: &[&str], options: &Options) -> String {
    if options.justified { justify(words, options.columns) } else { words.join(" ") }
}
