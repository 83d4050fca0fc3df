import ArgumentParser

/// Rates as network people write them.
enum LinkRate {
    /// "1gbit", "100mbit" or "2.5gbit" in bytes a second.
    static func bytesPerSecond(_ text: String) throws -> Double {
        let units = [("gbit", 1e9), ("mbit", 1e6), ("kbit", 1e3)]
        for (unit, factor) in units where text.lowercased().hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number > 0, number.isFinite else { break }
            return number * factor / 8
        }
        throw ValidationError("\"\(text)\" is no rate; write it as 1gbit or 100mbit")
    }
}
