package attach

// Sniff is for the fuzzer.
var Sniff = sniff
