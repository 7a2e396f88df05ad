pub fn justify(words: &[&str], columns: usize) -> String {
    let gaps = words.len().saturating_sub(1).max(1);
    let length: usize = words.iter().map(|w| w.len()).sum();
    let blank = " ".repeat(columns.saturating_sub(length) / gaps);
    words.join(&blank)
}
