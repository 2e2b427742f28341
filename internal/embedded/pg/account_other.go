//go:build !linux

package pg

import (
	"errors"
	"syscall"
)

func namespace() (syscall.SysProcAttr, error) {
	return syscall.SysProcAttr{}, errors.New("only Linux has them")
}
