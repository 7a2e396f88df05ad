package report

import "strings"

func Row(cells ...string) string { return strings.Join(cells, "\t") }
