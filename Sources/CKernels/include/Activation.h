// Which elementwise function a pass applies. The numbers are those that NeuralNet's Activation has.
#pragma once

enum espalier_activation {
    ESPALIER_NO_ACTIVATION = 0,
    ESPALIER_RELU = 1,
    ESPALIER_RELU6 = 2,
    ESPALIER_SWISH = 3,
    ESPALIER_HARD_SWISH = 4,
    ESPALIER_SIGMOID = 5,
    ESPALIER_HARD_SIGMOID = 6,
};
