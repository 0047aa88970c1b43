//! Tests with the compilers of GPUs that are not there: devices that compile everything and execute
//! nothing, which `scripts/compilers/fetch.sh target/compilers` brings (Linux on x86-64).

mod devices;
mod faults;
mod gate;
mod statistics;
mod table;
