package scale

// Balance is a pair of scales.
type Balance struct {
	Left, Right float64
}

func (b Balance) Level() bool { return b.Left == b.Right }
