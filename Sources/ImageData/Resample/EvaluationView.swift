/// The evaluation transform of ImageNet-like sets: resize the shorter side to ⌊size · 256 / 224⌉ keeping the
/// ratio, then take the centred square of `size`. Rounding as in torchvision's Resize and CenterCrop.
struct EvaluationView: Equatable {
    /// Size of the whole resized image, which is never made.
    let resizedWidth: Int
    let resizedHeight: Int
    let x: Int
    let y: Int

    init(width: Int, height: Int, size: Int) {
        let shorter = (size * 256 + 112) / 224
        if width <= height {
            resizedWidth = shorter
            resizedHeight = shorter * height / width
        } else {
            resizedHeight = shorter
            resizedWidth = shorter * width / height
        }
        x = Int((Double(resizedWidth - size) / 2).rounded(.toNearestOrEven))
        y = Int((Double(resizedHeight - size) / 2).rounded(.toNearestOrEven))
    }
}
