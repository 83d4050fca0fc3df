/// What fp32 arithmetic is allowed against the golden values, which were computed in fp64 and stored in fp32.
/// All are relative to the largest magnitude of the golden tensor (or 1, if that is smaller, where it says
/// so).
enum Tolerance {
    /// Generated weights and the hypernetwork's gradients, given ∂L/∂W: a dozen roundings each, latents' sums
    /// cancel.
    static let layer: Float = 2e-6
    /// A convolution, a batch norm and an activation, forward and backward: sums over up to 100 products.
    static let block: Float = 5e-6
    /// Whole training steps of a network; the golden run in fp32 itself is off by up to 7e-7.
    static let step: Float = 5e-6
    /// Below this magnitude the tolerance of a step is absolute: batch norm makes some gradients nearly zero,
    /// as differences of large terms.
    static let stepFloor: Float = 0.1
    /// The loss metric, which is coded in steps of 2^-16 a slice.
    static let loss: Float = 1e-5
    /// The same for ResNet-20, whose own fp32 run is off by up to 3.5e-6 in the norm of the latent gradients.
    static let deepStep: Float = 2e-5
    /// The most for MobileNetV2's logits and latent gradients; its own fp32 run is off by 4e-3 in the norm of
    /// these.
    static let deeperStep: Float = 1e-4
    /// Deeper networks with batches of 8 magnify roundings more: this many times what the golden run in fp32
    /// is off.
    static let deepStepFactor: Float = 10
    /// fp32 gradients against central differences of an fp64 reference.
    static let difference: Float = 1e-6

    /// The largest |actual − expected|, as a fraction of the largest |expected| or of `floor`.
    static func error(_ actual: [Float], _ expected: [Float], floor: Float = 0) -> Float {
        guard actual.count == expected.count else { return .infinity }
        let scale = expected.reduce(floor) { max($0, abs($1)) }
        let difference = zip(actual, expected).reduce(Float(0)) { largest, pair in
            let distance = abs(pair.0 - pair.1)
            return distance.isNaN ? .infinity : max(largest, distance)
        }
        return difference == 0 ? 0 : difference / scale
    }
}
