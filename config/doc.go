// Package config is what an operator writes: iconet.toml in the data directory.
//
// Invariant: what Load gives is complete and consistent; every fault of the file is reported at once, with its line where
// one is to be had.
//
// Never: no secret in the file, only where one is to be found; no environment, no flags.
//
// Why unknown keys are errors: a misspelt key that is passed over is a protection that is believed to be on.
package config
