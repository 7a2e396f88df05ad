pub struct Pager {
    pub page: usize,
}

impl Pager {
    pub fn next_page(&mut self) -> usize {
        self.page += 1;
        self.page
    }
}
