module lychgate/benchmarks

go 1.25
