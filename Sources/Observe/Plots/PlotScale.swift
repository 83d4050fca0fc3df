/// Where numbers lie on an axis.
struct PlotScale {
    let domain: ClosedRange<Double>
    /// The pixels of the domain's ends; the second may be the smaller.
    let pixels: (Double, Double)

    func callAsFunction(_ value: Double) -> Double {
        let extent = domain.upperBound - domain.lowerBound
        let share = extent > 0 ? (value - domain.lowerBound) / extent : 0.5
        return pixels.0 + share * (pixels.1 - pixels.0)
    }
}
