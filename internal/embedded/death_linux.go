package embedded

import "syscall"

// setDeathSignal makes the kernel send the child a signal when guichet dies, however it dies.
func setDeathSignal(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }
