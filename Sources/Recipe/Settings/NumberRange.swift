/// The numbers that a key allows; shown in words when one is not among them.
struct NumberRange: CustomStringConvertible {
    private let lower: Double
    private let upper: Double
    private let includesLower: Bool
    private let includesUpper: Bool

    private init(_ lower: Double, _ upper: Double, includesLower: Bool, includesUpper: Bool) {
        self.lower = lower
        self.upper = upper
        self.includesLower = includesLower
        self.includesUpper = includesUpper
    }

    static func from(_ lower: Double, to upper: Double) -> Self {
        Self(lower, upper, includesLower: true, includesUpper: true)
    }

    static func from(_ lower: Double, below upper: Double) -> Self {
        Self(lower, upper, includesLower: true, includesUpper: false)
    }

    static func above(_ lower: Double, to upper: Double) -> Self {
        Self(lower, upper, includesLower: false, includesUpper: true)
    }

    static func above(_ lower: Double, below upper: Double) -> Self {
        Self(lower, upper, includesLower: false, includesUpper: false)
    }

    func contains(_ value: Double) -> Bool {
        (includesLower ? value >= lower : value > lower) && (includesUpper ? value <= upper : value < upper)
    }

    var description: String {
        let bound = includesUpper ? "to" : "to below"
        return "\(includesLower ? "from" : "above") \(short(lower)) \(bound) \(short(upper))"
    }
}

/// The shortest text that reads back as `value`, without the fraction of whole numbers.
func short(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
