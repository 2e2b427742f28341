package pg

import (
	osuser "os/user"
	"strconv"
	"syscall"
)

// namespace returns how a child is started in a user namespace in which our root is an ordinary
// account: it keeps our files and has none of our powers.
func namespace() (syscall.SysProcAttr, error) {
	// initdb wants a name for its account, so it has to be one that this machine knows.
	inside := 1000
	for _, uid := range []int{1000, 1, 65534} {
		if _, err := osuser.LookupId(strconv.Itoa(uid)); err == nil {
			inside = uid
			break
		}
	}
	return syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: inside, HostID: syscall.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: inside, HostID: syscall.Getgid(), Size: 1}},
	}, nil
}
