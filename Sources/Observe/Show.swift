import Foundation

/// Numbers as people read them.
public enum Show {
    /// `value` with `digits` digits after the point; values that are no numbers by their names.
    public static func decimals(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(max(0, min(digits, 17)))f", value)
    }

    /// A number whose order of magnitude matters: 0.0001234 is `1.2e-04`, 0 is `0`.
    public static func magnitude(_ value: Double) -> String {
        value == 0 ? "0" : String(format: "%.1e", value)
    }

    /// A share as a percentage: 0.561 is `56.1 %`.
    public static func percent(_ share: Double) -> String {
        decimals(share * 100, 1) + " %"
    }

    /// A count with a suffix: 4117700000 is `4.118 G`, 25557000 `25.557 M`, below 10,000 as it is.
    public static func count(_ value: Int) -> String {
        let number = Double(value)
        switch value.magnitude {
        case 1_000_000_000...: return decimals(number / 1e9, 3) + " G"
        case 1_000_000...: return decimals(number / 1e6, 3) + " M"
        case 10_000...: return decimals(number / 1e3, 1) + " k"
        default: return "\(value)"
        }
    }

    /// Seconds in the two units that matter: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
    public static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "?" }
        let whole = Int(max(0, seconds).rounded())
        switch whole {
        case ..<60: return "\(whole) s"
        case ..<3_600: return "\(whole / 60) min \(whole % 60) s"
        case ..<86_400: return "\(whole / 3_600) h \(whole / 60 % 60) min"
        default: return "\(whole / 86_400) d \(whole / 3_600 % 24) h"
        }
    }
}
