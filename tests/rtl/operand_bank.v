// The private memory beside one row or column: a synchronous read port. Its content is there from
// the start, read from <KIND><INDEX>.hex in the working directory.
module operand_bank #(
    parameter KIND = "row",
    parameter INDEX = 0,
    parameter WIDTH = 8,
    parameter DEPTH = 1024,
    parameter ADDRESS = 24
) (
    input wire clk,
    input wire [ADDRESS-1:0] address,
    output reg signed [WIDTH-1:0] data
);
  reg signed [WIDTH-1:0] cells[0:DEPTH-1];
  reg [8*32-1:0] file;

  initial begin
    $sformat(file, "%0s%0d.hex", KIND, INDEX);
    $readmemh(file, cells);
  end

  always @(posedge clk) data <= cells[address];
endmodule
