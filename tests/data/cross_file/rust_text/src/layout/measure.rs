/// Columns of a text, where a tab goes to the next multiple of `tab_size`.
pub fn display_width(text: &str, tab_size: usize) -> usize {
    let mut width = 0;
    for c in text.chars() {
        width = match c {
            '\t' => (width / tab_size + 1) * tab_size,
            _ => width + 1,
        };
    }
    width
}

pub fn fits(text: &str, columns: usize) -> bool {
    display_width(text, 8) <= columns
}
