//go:build !testclock

package app

import "time"

// clock is what the house takes the time from.
func clock() (func() time.Time, error) { return time.Now, nil }
