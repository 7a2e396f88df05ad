pub fn display_size() -> (u16, u16) {
    (80, 25)
}
