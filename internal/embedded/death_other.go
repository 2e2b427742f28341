//go:build !linux

package embedded

import "syscall"

// setDeathSignal does nothing: only Linux ends a child with its parent. Elsewhere the next start
// clears what a killed guichet left behind.
func setDeathSignal(*syscall.SysProcAttr, syscall.Signal) {}
