// A PE that keeps its sum. Both operands move on, one PE per cycle: A's to the right, B's down. With
// the last operand of a fold the finished sum goes onto the bus of the PE's column, tagged with what
// came along with the operands of A.
module os_pe #(
    parameter WIDTH = 8,
    parameter SUM = 32,
    parameter TAG = 8
) (
    input wire clk,
    input wire signed [WIDTH-1:0] a_in,
    input wire first_in,
    input wire last_in,
    input wire [TAG-1:0] tag_in,
    output reg signed [WIDTH-1:0] a_out,
    output reg first_out,
    output reg last_out,
    output reg [TAG-1:0] tag_out,
    input wire signed [WIDTH-1:0] b_in,
    output reg signed [WIDTH-1:0] b_out,
    output reg result_valid,
    output reg signed [SUM-1:0] result,
    output reg [TAG-1:0] result_tag
);
  reg signed [SUM-1:0] sum;
  wire signed [SUM-1:0] total = (first_in ? 0 : sum) + a_in * b_in;

  initial begin
    first_out = 0;
    last_out = 0;
    result_valid = 0;
  end

  always @(posedge clk) begin
    a_out <= a_in;
    first_out <= first_in;
    last_out <= last_in;
    tag_out <= tag_in;
    b_out <= b_in;
    sum <= total;
    result_valid <= last_in;
    result <= total;
    result_tag <= tag_in;
  end
endmodule
