package main

import "example.com/feed/fetch"

func main() {
	_ = fetch.Client{}
}
