import Glibc

/// The most memory that this process has had resident.
enum PeakMemory {
    /// In units of 10⁹ bytes.
    static var gigabytes: Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        // Linux counts in KiB.
        return Double(usage.ru_maxrss) * 1024 / 1e9
    }
}
